/** Style sheets are taken by the bundler; a module that imports one gets no value. */
declare module '*.css' {}
