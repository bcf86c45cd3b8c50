// Prints what the handler in the file named by the argument answers, or the stack of its error, as JSON.
import { pathToFileURL } from 'node:url'

const { default: handler } = await import(pathToFileURL(process.argv[2]).href)
try {
  console.log(JSON.stringify(handler.answer()))
} catch (error) {
  console.log(JSON.stringify(error.stack))
}
