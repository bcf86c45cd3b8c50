import { QUIRKS, type Quirk } from './quirks.ts'

/** The quirks as a Markdown table, for the migration guide; a test compares the two. */
export function quirksTable(): string {
  const header = ['Quirk', 'About', '`compatibility=strict`', '`compatibility=torchserve`']
  const rows = Object.entries(QUIRKS).map(([name, quirk]) => row(cells(name, quirk)))
  return [row(header), row(header.map(() => '---')), ...rows].join('\n')
}

function cells(name: string, { topic, strict, torchserve }: Quirk): string[] {
  return [`\`${name}\``, topic, strict, torchserve]
}

function row(columns: readonly string[]): string {
  return `| ${columns.map((column) => column.replaceAll('|', '\\|')).join(' | ')} |`
}
