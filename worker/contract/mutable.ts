/**
 * What is put together step by step, then handed out as `T`. On the way of a request, instead of a spread: V8 of
 * Node.js 20 makes a hidden class for each object that adds members to one.
 */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
