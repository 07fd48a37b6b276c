#!/usr/bin/env bash
# A sweep on several machines by GNU parallel over ssh, and the merge of its parts.
#   bash parallel.sh hosts.txt 8 swept/mine mine.yaml mine.ts
# hosts.txt has a line for each machine, such as alice@one.example.org, and : for this one. Every machine has concord, of
# one version. The files are copied to each: the sweep first, then the rules, attacks and data that it names.
set -euo pipefail

hosts=${1:?expected a file with a machine on each line}
parts=${2:?expected the number of parts}
out=${3:?expected the folder for the results}
sweep=${4:?expected the file of a sweep}
files=()
for file in "${@:4}"; do files+=(--basefile "$file"); done

# A part at a time on each machine, since a part takes all cores. A machine that fails hands its part to another one.
# Parts stay in the same folder of each machine, so that the same command goes on where it stopped.
mkdir -p "$out"
failed=0
seq "$parts" | parallel --sshloginfile "$hosts" --jobs 1 --retries 3 --joblog "$out/joblog" --quote \
  --workdir . "${files[@]}" --return "$out/part-{}" \
  concord sweep "$sweep" --shard "{}/$parts" --out "$out/part-{}" || failed=1

# Also where a run of a part has failed: its cell is marked.
concord sweep merge "$out"/part-* --out "$out/whole"
exit "$failed"
