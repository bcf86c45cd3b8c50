import { writeDocument } from './report/write-document.ts'
import { SUITES } from './suites/all.ts'

/* npm run docs:benchmarks */

await writeDocument(SUITES.map(({ suite }) => suite.name))
