import type { Rule } from './compare.ts'

/**
 * Processor time per request, as a ratio to that of the bare server in the same seconds, hardly depends on what else
 * the machine does. Throughput does: the server has several processes where the bare one has one, so that whoever else
 * wants the processors takes more from it; and the batch size follows the throughput. The check runs for seconds, the
 * committed results for minutes, and another machine has other processors: what is lost by a factor of two is seen, a
 * few percent are not.
 */
export const RULES: readonly Rule[] = [
  { suffix: 'CPU per request ÷ bare', worse: 'larger', tolerance: 1.6 },
  { suffix: 'CPU per MiB ÷ node:http', worse: 'larger', tolerance: 2 },
  { suffix: 'requests/s ÷ bare', worse: 'smaller', tolerance: 2.5 },
  { suffix: 'rows per batch', worse: 'smaller', tolerance: 3 },
]
