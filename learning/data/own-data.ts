/** A member's own data, a table or images as the schema says: checked against the schema, and read by it. */
import type { DataSource } from './dataset.ts'
import type { HoldOut } from './hold-out.ts'
import type { CheckedData } from './misfits.ts'
import { checkImages, loadOwnImages } from './own-images.ts'
import { checkTable, loadOwnTable } from './own-table.ts'
import type { Schema } from './schema.ts'

/** How a member's own data is read. */
export interface OwnData extends HoldOut {
  readonly schema: Schema
}

/** Reads all of it and keeps nothing. @throws DataError if there is no such data */
export function checkOwnData(data: string, schema: Schema): Promise<CheckedData> {
  return schema.kind === 'images' ? checkImages(data, schema) : checkTable(data, schema)
}

/** @throws DataError, naming the first misfit; `DATA_MISSING` and the like if the data cannot be read */
export function loadOwnData(data: string, { schema, ...part }: OwnData): Promise<DataSource> {
  return schema.kind === 'images'
    ? loadOwnImages(data, { schema, ...part })
    : loadOwnTable(data, { schema, ...part })
}
