import type { EventBus } from '../core/events.ts'
import { publishedModel, type PublishedModel } from '../core/mirror/published.ts'
import type { ModelRegistry } from '../core/model-registry.ts'
import type { Publication } from './messages.ts'

/** Says what other frontend processes have to know of the models, as it changes. */
export class Publisher {
  readonly #registry: ModelRegistry
  readonly #send: (publication: Publication) => void
  readonly #changed = new Set<string>()
  /** What was said last of each model that has something to say of. */
  readonly #said = new Map<string, string>()
  #isPlanned = false
  #seq = 0

  constructor(events: EventBus, registry: ModelRegistry, send: (publication: Publication) => void) {
    this.#registry = registry
    this.#send = send
    const ofVersion = ({ model }: { readonly model: { readonly name: string } }) => {
      this.#note(model.name)
    }
    for (const name of [
      'stateChanged',
      'versionChanged',
      'versionRemoved',
      'workerReady',
      'workerProcessRestarted',
    ] as const) {
      events.on(name, ofVersion)
    }
    events.on('modelChanged', ({ name }) => {
      this.#note(name)
    })
  }

  /** Of the last publication. */
  get seq(): number {
    return this.#seq
  }

  /** Everything, for a process that knows nothing yet. */
  whole(): Publication {
    return {
      seq: this.#seq,
      models: this.#registry.names().map((name) => publishedModel(this.#registry, name)),
    }
  }

  /** Says now what has changed. */
  publish(): void {
    this.#isPlanned = false
    const models = [...this.#changed].flatMap((name) => this.#news(name))
    this.#changed.clear()
    if (models.length === 0) return
    this.#seq += 1
    this.#send({ seq: this.#seq, models })
  }

  #note(name: string): void {
    this.#changed.add(name)
    if (this.#isPlanned) return
    this.#isPlanned = true
    setImmediate(() => {
      if (this.#isPlanned) this.publish()
    })
  }

  #news(name: string): PublishedModel[] {
    const model = publishedModel(this.#registry, name)
    const text = textOf(model)
    if (text === (this.#said.get(name) ?? EMPTY)) return []
    if (text === EMPTY) this.#said.delete(name)
    else this.#said.set(name, text)
    return [model]
  }
}

/** All that can change of it. */
function textOf({ defaultVersion = '', labels, versions }: PublishedModel): string {
  const ofVersions = versions.map(({ key, integer, settings, workers }) => [key, integer, settings, workers])
  return JSON.stringify([defaultVersion, labels, ofVersions])
}

const EMPTY = textOf({ name: '', labels: {}, versions: [] })
