import { allowedUrls } from '../allowed-urls.ts'
import { integer, toggle } from '../values.ts'
import { milliseconds, setting } from './setting.ts'

/** What may be fetched from elsewhere. */
export const downloadsSettings = {
  allowedUrls: setting({
    property: 'allowed_urls',
    kind: allowedUrls,
    default: [],
    defaultText: 'empty: nothing is fetched',
    doc: 'Addresses under which archives may be registered by URL: an archive is code. Each redirect is checked too.',
  }),
  allowPrivateDownloadAddresses: setting({
    property: 'allow_private_download_addresses',
    kind: toggle,
    default: false,
    doc: 'Whether an allowed host may have a private or loopback address. Link-local addresses stay refused.',
  }),
  maxDownloadBytes: setting({
    property: 'max_download_bytes',
    kind: integer(1, Number.MAX_SAFE_INTEGER, 'bytes'),
    default: 4 * 1024 ** 3,
    doc: 'The disk: a larger archive is not fetched to its end.',
  }),
  downloadTimeoutMs: setting({
    property: 'download_timeout_ms',
    kind: milliseconds(1),
    default: 600_000,
    doc: 'Registrations by URL: the longest that a fetch may take, redirects included.',
  }),
} as const
