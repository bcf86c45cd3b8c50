import { choice, integer, path, toggle } from '../values.ts'
import { setting } from './setting.ts'

/** What is measured and shown. */
export const metricsSettings = {
  enableMetricsApi: setting({
    property: 'enable_metrics_api',
    kind: toggle,
    default: true,
    doc: 'Whether there is a metrics listener at all.',
  }),
  metricsMode: setting({
    property: 'metrics_mode',
    kind: choice('prometheus', 'log', 'legacy'),
    default: 'prometheus',
    torchserveDefault: 'log',
    doc: 'What the endpoint shows: everything, nothing (lines in a log instead), or only the three `ts_*` counters (the rest in the log).',
  }),
  metricsAliases: setting({
    property: 'metrics_aliases',
    kind: choice('none', 'triton'),
    default: 'none',
    doc: "Under which other server's names the statistics of models are shown as well: `triton` is `nv_inference_*`.",
  }),
  metricsConfig: setting({
    property: 'metrics_config',
    kind: path,
    default: '',
    defaultText: 'none',
    doc: "Definitions of metrics, TorchServe's `metrics.yaml`: which of its names are shown, and which metrics handlers may have.",
  }),
  modelMetricsAutoDetect: setting({
    property: 'model_metrics_auto_detect',
    kind: toggle,
    default: true,
    torchserveDefault: false,
    doc: 'Whether a metric of a handler is shown though `metrics_config` does not define it.',
  }),
  metricsLocation: setting({
    property: 'metrics_location',
    variable: 'METRICS_LOCATION',
    kind: path,
    default: '',
    defaultText: 'none: the log',
    doc: 'Directory of `ts_metrics.log` and `model_metrics.log`, where metrics go as lines with `metrics_mode` log or legacy.',
  }),
  maxModelMetrics: setting({
    property: 'max_model_metrics',
    kind: integer(0, 10_000, 'metrics'),
    default: 100,
    doc: 'Memory: metrics that the handler of one model version may have; further ones are dropped and counted.',
  }),
  maxMetricSeries: setting({
    property: 'max_metric_series',
    kind: integer(1, 100_000, 'series'),
    default: 200,
    doc: "Memory: label combinations of one handler's metric in one model version; further ones are dropped and counted.",
  }),
  disableSystemMetrics: setting({
    property: 'disable_system_metrics',
    kind: toggle,
    default: false,
    doc: 'Whether CPU, memory, disk and GPU of the machine are left unmeasured.',
  }),
  systemMetricsIntervalMs: setting({
    property: 'system_metrics_interval_ms',
    propertyInSeconds: 'metric_time_interval',
    kind: integer(1000, 86_400_000, 'ms'),
    default: 60_000,
    doc: 'How often CPU, memory, disk and GPU of the machine are measured.',
  }),
} as const
