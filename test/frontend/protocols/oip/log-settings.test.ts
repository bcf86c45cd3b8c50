import assert from 'node:assert/strict'
import { LogSettings, type LogTarget } from '../../../../frontend/protocols/oip/log-settings.ts'

class FakeLog implements LogTarget {
  levels = { debug: false, info: true, warn: true, error: true }
  style: LogTarget['style'] = 'configured'

  use(levels: FakeLog['levels'], style: LogTarget['style']): void {
    this.levels = levels
    this.style = style
  }
}

const AT_START = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
}

describe('LogSettings', () => {
  let log: FakeLog
  let settings: LogSettings

  beforeEach(() => {
    log = new FakeLog()
    settings = new LogSettings(log)
  })

  it('tells what the log was started with', () => {
    assert.deepEqual(settings.read(), AT_START)
    log.levels = { debug: true, info: true, warn: true, error: true }
    assert.equal(new LogSettings(log).read().log_verbose_level, 1)
  })

  const CHANGES = [
    { given: {}, levels: {}, style: 'configured' },
    { given: { log_info: false }, levels: { info: false }, style: 'configured' },
    { given: { log_warning: false }, levels: { warn: false }, style: 'configured' },
    { given: { log_error: false }, levels: { error: false }, style: 'configured' },
    { given: { log_verbose_level: 3 }, levels: { debug: true }, style: 'configured' },
    { given: { log_format: 'ISO8601' }, levels: {}, style: 'iso_text' },
    { given: { log_format: 'default' }, levels: {}, style: 'configured' },
  ]
  for (const { given, levels, style } of CHANGES) {
    it(`changes the log with ${JSON.stringify(given)} and answers all settings`, () => {
      assert.deepEqual(settings.change(given), { ...AT_START, ...given })
      assert.deepEqual(settings.read(), { ...AT_START, ...given })
      assert.deepEqual(log.levels, { debug: false, info: true, warn: true, error: true, ...levels })
      assert.equal(log.style, style)
    })
  }

  const REFUSED = [
    { given: { log_info: 'yes' }, message: /^\/log_info is "yes", expected true or false; nothing/ },
    { given: { log_verbose_level: -1 }, message: /^\/log_verbose_level is -1, expected an integer/ },
    { given: { log_verbose_level: 1.5 }, message: /^\/log_verbose_level is 1.5/ },
    { given: { log_verbose_level: 2 ** 32 }, message: /^\/log_verbose_level is 4294967296/ },
    { given: { log_format: 'iso' }, message: /^\/log_format is "iso", expected "default" or "ISO8601"/ },
    { given: { log_warn: true }, message: /^\/log_warn is no setting.*did you mean 'log_warning'/ },
    { given: [], message: /no object/ },
    { given: null, message: /no object/ },
    { given: 'log_info', message: /no object/ },
  ]
  for (const { given, message } of REFUSED) {
    it(`refuses ${JSON.stringify(given)} and changes nothing`, () => {
      const change = () => settings.change(Array.isArray(given) ? given : withValidChange(given))
      assert.throws(change, { code: 'invalid_argument', message })
      assert.deepEqual(settings.read(), AT_START)
      assert.equal(log.levels.error, true)
    })
  }

  it('lets nobody name a file', () => {
    assert.throws(() => settings.change({ log_error: false, log_file: '/etc/passwd' }), {
      code: 'permission_denied',
      message: /^\/log_file cannot be changed over the network/,
    })
    assert.deepEqual(settings.read(), AT_START)
  })
})

/** A valid setting before the bad one must not be applied either. */
function withValidChange(given: unknown): unknown {
  return typeof given === 'object' && given !== null ? { log_error: false, ...given } : given
}
