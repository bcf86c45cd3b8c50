import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { messageOf } from '../../worker/contract/errors.ts'
import { securityConfigError } from './errors.ts'
import { WatchedFiles } from './watched-files.ts'

/** Paths; an empty one is none. */
export type TlsFiles = {
  readonly certificateFile: string
  readonly privateKeyFile: string
  /** PKCS12, in place of the two above. */
  readonly keystore: string
  readonly keystorePass: string
  /** With it, clients have to show a certificate that it has signed. */
  readonly clientCaFile: string
}

/** What a TLS server needs: PEM texts, or a PKCS12 container and its password. */
export type TlsMaterial = {
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly pfx?: Buffer
  readonly passphrase?: string
  /** Who signs the certificates of clients. */
  readonly ca?: Buffer
}

/** Certificate and key of all encrypted listeners, HTTP and gRPC; read again when their files change. */
export class TlsSource {
  readonly #files: TlsFiles
  readonly #log: (level: 'info' | 'error', message: string) => void
  readonly #listeners = new Set<(material: TlsMaterial) => void>()
  readonly #watched: WatchedFiles
  #current: TlsMaterial

  /** @throws ServingError `invalid_argument` naming the setting and the file */
  constructor(files: TlsFiles, log: (level: 'info' | 'error', message: string) => void) {
    this.#files = files
    this.#log = log
    const { certificateFile, privateKeyFile, keystore, clientCaFile } = files
    const paths = [certificateFile, privateKeyFile, keystore, clientCaFile].filter((path) => path !== '')
    this.#current = readMaterial(files)
    this.#watched = new WatchedFiles(paths, () => this.#reload())
  }

  get current(): TlsMaterial {
    return this.#current
  }

  get asksForCertificates(): boolean {
    return this.#files.clientCaFile !== ''
  }

  /** Calls with new material. @returns a function that ends it */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Looks for changed files now. A timer does so every few seconds. */
  checkFiles(): void {
    this.#watched.check()
  }

  close(): void {
    this.#watched.close()
  }

  #reload(): void {
    try {
      this.#current = readMaterial(this.#files)
    } catch (error) {
      this.#log('error', `${messageOf(error)}; the certificate in use stays in use`)
      return
    }
    for (const listener of this.#listeners) listener(this.#current)
    this.#log('info', 'the TLS certificate was read again; new connections get it')
  }
}

/** `https://` with nothing to show. TorchServe makes a certificate of its own; nobody could trust such a one. */
export function httpsWithoutCertificate(setting: string) {
  return securityConfigError(
    `${setting} asks for TLS, but there is no certificate; set certificate_file and private_key_file, or keystore`,
  )
}

export function hasCertificate({ certificateFile, privateKeyFile, keystore }: TlsFiles): boolean {
  return certificateFile !== '' || privateKeyFile !== '' || keystore !== ''
}

function readMaterial(files: TlsFiles): TlsMaterial {
  const ca = files.clientCaFile === '' ? {} : { ca: read('client_ca_file', files.clientCaFile) }
  const material = { ...identity(files), ...ca }
  try {
    createSecureContext(material) // finds a key of another certificate, and a wrong password
  } catch (error) {
    const { keystore, certificateFile, privateKeyFile } = files
    const named = keystore === '' ? `'${certificateFile}' and '${privateKeyFile}'` : `'${keystore}'`
    throw securityConfigError(
      `certificate and key in ${named} cannot be used: ${messageOf(error)}; check that they belong together`,
      error,
    )
  }
  return material
}

function identity(files: TlsFiles): TlsMaterial {
  const { certificateFile, privateKeyFile, keystore, keystorePass } = files
  const hasPem = certificateFile !== '' || privateKeyFile !== ''
  if (keystore !== '') {
    if (hasPem) throw securityConfigError('keystore and certificate_file are both set; keep one of them')
    return { pfx: read('keystore', keystore), passphrase: keystorePass }
  }
  if (certificateFile === '') throw securityConfigError('private_key_file needs certificate_file beside it')
  if (privateKeyFile === '') throw securityConfigError('certificate_file needs private_key_file beside it')
  return {
    cert: read('certificate_file', certificateFile),
    key: read('private_key_file', privateKeyFile),
  }
}

function read(setting: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw securityConfigError(`${setting}: '${path}' cannot be read; give the path of a readable file`, error)
  }
}
