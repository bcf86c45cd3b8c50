import {
  isMessage,
  isNamespace,
  type Enum,
  type Field,
  type Member,
  type Message,
  type Namespace,
  type Service,
} from './message.ts'

/*
 * The descriptors as `.proto` files, for clients of other languages. A package is a file: `a.b` is `a/b.proto`.
 */

/** Files that others have too, by the names that they have there. */
const FILES: Readonly<Record<string, string>> = {
  // Not `grpc/health/…`: what Python generates from that would hide its package `grpc`.
  'grpc.health.v1': 'health.proto',
  // Nor a folder `tensorflow`, which would hide that of TensorFlow.
  tensorflow: 'tensorflow_framework.proto',
  'tensorflow.error': 'tensorflow_error.proto',
  'tensorflow.serving': 'tensorflow_serving.proto',
  'google.rpc.Status': 'google/rpc/status.proto',
  'google.rpc.ErrorInfo': 'google/rpc/error_details.proto',
  'google.rpc.RetryInfo': 'google/rpc/error_details.proto',
}

/** Every protobuf compiler brings these. */
const WELL_KNOWN = 'google.protobuf'
const WRAPPERS = /^(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value$/

type Declared = {
  readonly name: string
  readonly packageName: string
  readonly member: Exclude<Member, Namespace>
}

/** The text of each file by its path. */
export function protoFiles(descriptors: Namespace): Map<string, string> {
  const files = new Map<string, Declared[]>()
  for (const declared of declarations(descriptors, [])) {
    if (declared.packageName === WELL_KNOWN) continue
    const path = fileOf(`${declared.packageName}.${declared.name}`)
    files.set(path, [...(files.get(path) ?? []), declared])
  }
  return new Map([...files].map(([path, members]) => [path, fileText(path, members)]))
}

function declarations({ nested }: Namespace, path: readonly string[]): Declared[] {
  return Object.entries(nested).flatMap(([name, member]) => {
    if (isNamespace(member)) return declarations(member, [...path, name])
    return { name, packageName: path.join('.'), member }
  })
}

function fileOf(fullName: string): string {
  const path = fullName.split('.')
  const name = path.pop() ?? ''
  const packageName = path.join('.')
  const known = FILES[fullName] ?? FILES[packageName]
  if (known !== undefined) return known
  if (packageName === WELL_KNOWN) {
    return `google/protobuf/${WRAPPERS.test(name) ? 'wrappers' : name.toLowerCase()}.proto`
  }
  return `${path.join('/')}.proto`
}

function fileText(path: string, members: readonly Declared[]): string {
  const [{ packageName } = { packageName: '' }] = members
  const imports = [
    ...new Set(
      members
        .flatMap(({ member }) => typesOf(member))
        .filter(isElsewhere)
        .map(fileOf),
    ),
  ]
  const blocks = [
    '// Written by `npm run docs:protos`.',
    'syntax = "proto3";',
    `package ${packageName};`,
    ...importsText(imports.filter((each) => each !== path)),
    ...members.map(({ name, member }) => memberText(name, member).join('\n')),
  ]
  return `${blocks.join('\n\n')}\n`
}

function importsText(imports: readonly string[]): string[] {
  const lines = imports.map((path) => `import "${path}";`).sort()
  return lines.length === 0 ? [] : [lines.join('\n')]
}

/** Types of other packages are named in full, and packages are lower-case; `Outer.Inner` is of this one. */
function isElsewhere(type: string): boolean {
  return type.includes('.') && !/^[A-Z]/.test(type)
}

function typesOf(member: Member): string[] {
  if (isMessage(member)) {
    return [
      ...Object.values(member.fields).map(({ type }) => type),
      ...Object.values(member.nested ?? {}).flatMap(typesOf),
    ]
  }
  if (!('methods' in member)) return []
  return Object.values(member.methods).flatMap(({ requestType, responseType }) => [requestType, responseType])
}

function memberText(name: string, member: Message | Enum | Service): string[] {
  if (isMessage(member)) return messageText(name, member)
  return 'methods' in member ? serviceText(name, member) : enumText(name, member)
}

function messageText(name: string, { fields, oneofs = {}, nested = {} }: Message): string[] {
  const maps = Object.entries(nested).filter(([, member]) => isMapEntry(member))
  const declared = Object.entries(nested).filter(([, member]) => !isMapEntry(member))
  const groups = Object.entries(oneofs).filter(([group]) => !group.startsWith('_'))
  const isGrouped = (field: string) => groups.some(([, { oneof }]) => oneof.includes(field))
  const body = [
    ...declared.flatMap(([each, member]) => memberText(each, member)),
    ...Object.entries(fields)
      .filter(([field]) => !isGrouped(field))
      .map(([each, field]) => fieldText(each, field, new Map(maps))),
    ...groups.flatMap(([group, { oneof }]) => block(`oneof ${group}`, groupText(oneof, fields))),
  ]
  return block(`message ${name}`, body)
}

function groupText(names: readonly string[], fields: Message['fields']): string[] {
  return names.flatMap((name) => {
    const field = fields[name]
    return field === undefined ? [] : fieldText(name, field, new Map())
  })
}

function isMapEntry(member: Message | Enum): member is Message {
  return isMessage(member) && member.options?.map_entry === true
}

function fieldText(name: string, field: Field, maps: ReadonlyMap<string, Message | Enum>): string {
  const entry = maps.get(field.type)
  if (entry !== undefined && isMessage(entry)) {
    const { key, value } = entry.fields
    return `map<${key?.type ?? ''}, ${value?.type ?? ''}> ${name} = ${field.id};`
  }
  const label = field.rule === 'repeated' ? 'repeated ' : field.options === undefined ? '' : 'optional '
  return `${label}${field.type} ${name} = ${field.id};`
}

function enumText(name: string, { values }: Enum): string[] {
  return block(
    `enum ${name}`,
    Object.entries(values).map(([each, value]) => `${each} = ${value};`),
  )
}

function serviceText(name: string, { methods }: Service): string[] {
  const stream = (isStream: true | undefined) => (isStream === true ? 'stream ' : '')
  return block(
    `service ${name}`,
    Object.entries(methods).map(
      ([each, { requestType, requestStream, responseType, responseStream }]) =>
        `rpc ${each}(${stream(requestStream)}${requestType}) returns (${stream(responseStream)}${responseType});`,
    ),
  )
}

function block(head: string, body: readonly string[]): string[] {
  return body.length === 0 ? [`${head} {}`] : [`${head} {`, ...body.map((line) => `  ${line}`), '}']
}
