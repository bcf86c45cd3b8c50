import { generate } from 'selfsigned'

/** A certificate that has signed itself, and its key, as PEM. */
export type Identity = { readonly cert: string; readonly key: string }

export async function identity(name: string): Promise<Identity> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  return { cert, key }
}
