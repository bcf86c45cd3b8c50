import type { ControlPlane } from '../core/control-plane.ts'

/** A control plane whose changes are answered when every frontend process has followed them. */
export function settledControl(control: ControlPlane, settled: () => Promise<void>): ControlPlane {
  const after = async <T>(change: Promise<T>): Promise<T> => {
    const outcome = await change
    await settled()
    return outcome
  }
  return {
    register: (request) => after(control.register(request)),
    scale: (request) => after(control.scale(request)),
    setDefault: (model) => after(control.setDefault(model)),
    setLabels: (name, labels) => after(control.setLabels(name, labels)),
    setLabel: (model, label) => after(control.setLabel(model, label)),
    removeLabel: (name, label) => after(control.removeLabel(name, label)),
    unregister: (selector) => after(control.unregister(selector)),
    load: (request) => after(control.load(request)),
    unload: (request) => after(control.unload(request)),
    applyModelConfig: (models) => after(control.applyModelConfig(models)),
    labelsOf: (name) => control.labelsOf(name),
    index: () => control.index(),
    describe: (selector) => control.describe(selector),
    list: () => control.list(),
  }
}
