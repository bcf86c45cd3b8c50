import { choice, headerText, hostNames, integer, path, toggle } from '../values.ts'
import { setting } from './setting.ts'

/**
 * Variables that hold one token each, by the scope it is for. They are no settings: a flag would show them to
 * everybody who lists processes, and what is set is kept and shown.
 */
export const TOKEN_VARIABLES = {
  ONNXSERVE_INFERENCE_TOKEN: 'inference',
  ONNXSERVE_MANAGEMENT_TOKEN: 'management',
  ONNXSERVE_METRICS_TOKEN: 'metrics',
  ONNXSERVE_ADMIN_TOKEN: 'admin',
} as const

const optionalPath = { kind: path, default: '', defaultText: 'none' } as const
const optionalHeader = { kind: headerText, default: '', defaultText: 'none' } as const

/** Who may ask, and over what. */
export const securitySettings = {
  tokenAuthorization: setting({
    property: 'token_authorization',
    kind: choice('auto', 'on', 'off'),
    default: 'auto',
    torchserveDefault: 'on',
    doc: 'Whether requests need tokens: auto when some are given, by file or by `ONNXSERVE_INFERENCE_TOKEN`, `…_MANAGEMENT_TOKEN`, `…_METRICS_TOKEN`, `…_ADMIN_TOKEN`; on makes keys where none are.',
  }),
  disableTokenAuthorization: setting({
    property: 'disable_token_authorization',
    variable: 'TS_DISABLE_TOKEN_AUTHORIZATION',
    kind: toggle,
    default: false,
    doc: "TorchServe's name for `token_authorization=off`.",
  }),
  tokenFile: setting({
    ...optionalPath,
    property: 'token_file',
    doc: 'JSON with tokens, or their SHA-256, and for each a name, scopes, and perhaps models and an expiry; read again when it changes.',
  }),
  keyFile: setting({
    property: 'key_file',
    kind: path,
    default: 'key_file.json',
    doc: 'Where keys are written that the server makes for itself: for its user only, and removed when it stops.',
  }),
  tokenExpirationMinutes: setting({
    property: 'token_expiration_min',
    kind: integer(1, 525_600, 'minutes'),
    default: 60,
    doc: 'How long a key that the server made is valid; `GET /token` renews it.',
  }),
  enableModelApi: setting({
    property: 'enable_model_api',
    variable: 'TS_ENABLE_MODEL_API',
    kind: toggle,
    default: true,
    torchserveDefault: false,
    doc: 'Whether models can be registered and unregistered while the server runs; who can do that can run code.',
  }),
  allowUnauthenticatedExposure: setting({
    property: 'allow_unauthenticated_exposure',
    kind: toggle,
    default: false,
    doc: 'Lets a listener without tokens be reached from other machines; else the server does not start there.',
  }),
  allowedHosts: setting<readonly string[]>({
    property: 'allowed_hosts',
    kind: hostNames,
    default: [],
    doc: 'Names that requests may have in `Host`, beside addresses and localhost: others are web pages that use a rebound name.',
  }),
  certificateFile: setting({
    ...optionalPath,
    property: 'certificate_file',
    doc: 'PEM certificate chain of the https addresses; read again when it changes.',
  }),
  privateKeyFile: setting({
    ...optionalPath,
    property: 'private_key_file',
    doc: 'PEM private key of the certificate.',
  }),
  keystore: setting({
    ...optionalPath,
    property: 'keystore',
    doc: 'PKCS12 file with certificate and key, in place of the two above.',
  }),
  keystorePass: setting({
    property: 'keystore_pass',
    kind: headerText,
    default: 'changeit',
    isSecret: true,
    doc: 'Password of the keystore.',
  }),
  keystoreType: setting({
    property: 'keystore_type',
    kind: choice('PKCS12'),
    default: 'PKCS12',
    doc: 'Format of the keystore; a JKS file is converted by `keytool -importkeystore -deststoretype PKCS12`.',
  }),
  clientCaFile: setting({
    ...optionalPath,
    property: 'client_ca_file',
    doc: 'PEM certificates; with them, clients of https addresses must show a certificate that one of these has signed.',
  }),
  corsAllowedOrigin: setting({
    ...optionalHeader,
    property: 'cors_allowed_origin',
    doc: 'Origins, separated by commas, or `*`, whose web pages may use the server.',
  }),
  corsAllowedMethods: setting({
    ...optionalHeader,
    property: 'cors_allowed_methods',
    doc: 'Methods that such pages may use.',
  }),
  corsAllowedHeaders: setting({
    ...optionalHeader,
    property: 'cors_allowed_headers',
    doc: 'Request headers that such pages may send.',
  }),
} as const
