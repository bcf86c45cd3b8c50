import type { SecureContextOptions, TlsOptions } from 'node:tls'

/** Where a listener gets certificate and key; `frontend/security` has it, the composition root hands it over. */
export type ListenerTls = {
  readonly current: SecureContextOptions
  /** Whether clients have to show a certificate. */
  readonly asksForCertificates: boolean
  /** Calls with new material. @returns a function that ends it */
  onChange(listener: (material: SecureContextOptions) => void): () => void
}

/** Older versions have known weaknesses; the ciphers are Node's own choice, which follows its releases. */
const MIN_TLS_VERSION = 'TLSv1.2'

export function tlsOptions(
  { current, asksForCertificates }: ListenerTls,
  { headersTimeoutMs }: { readonly headersTimeoutMs: number },
): TlsOptions {
  return {
    ...contextOptions(current),
    requestCert: asksForCertificates,
    rejectUnauthorized: asksForCertificates,
    // A client that drips its handshake holds a connection as one that drips its request does.
    handshakeTimeout: headersTimeoutMs,
  }
}

/** Of the first context and of each one that replaces it: what is not given again falls back to Node's default. */
export function contextOptions(material: SecureContextOptions): SecureContextOptions {
  return { ...material, minVersion: MIN_TLS_VERSION }
}
