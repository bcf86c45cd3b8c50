import type { Artefact } from '../artefact.ts'
import type { VersionSettings } from '../settings.ts'
import { AttachedSlot, type AttachedSlotOptions } from '../workers/attached-slot.ts'
import type { WorkerLayout, WorkerSets } from '../workers/worker-set-factory.ts'
import { WorkerSet, type WorkerSetOptions } from '../workers/worker-set.ts'
import type { PublishedWorkers } from './published.ts'

/** Worker sets of another frontend process: to start one is to attach to what runs there. */
export class MirroredSets implements WorkerSets {
  readonly #attach: AttachedSlotOptions['attach']
  readonly #onLeft: (setId: number) => void
  /** Places that are in use, by their set. */
  readonly #slots = new Map<number, readonly AttachedSlot[]>()
  #next: PublishedWorkers

  /** @param onLeft told of each set when nothing is sent to it any more */
  constructor(
    next: PublishedWorkers,
    { attach, onLeft }: Pick<AttachedSlotOptions, 'attach'> & { readonly onLeft: (setId: number) => void },
  ) {
    this.#next = next
    this.#attach = attach
    this.#onLeft = onLeft
  }

  /** Sets that batches may be on their way to. */
  get ids(): readonly number[] {
    return [...this.#slots.keys()]
  }

  /** The workers that are to serve. @returns whether they are others than those so far */
  follow(workers: PublishedWorkers): boolean {
    const isOther = workers.setId !== this.#next.setId
    this.#next = workers
    const slots = this.#slots.get(workers.setId) ?? []
    for (const [index, slot] of slots.entries()) slot.use(workers.seats[index]?.pid)
    return isOther
  }

  plan(): Promise<WorkerLayout> {
    return Promise.resolve(this.#next.layout)
  }

  start(
    _artefact: Artefact,
    { maxBatchesInFlight }: VersionSettings,
    _layout: WorkerLayout,
    listener: WorkerSetOptions['listener'],
  ): WorkerSet {
    const { setId, seats } = this.#next
    const slots: AttachedSlot[] = []
    let open = seats.length
    const onStopped = () => {
      open -= 1
      if (open > 0) return
      this.#slots.delete(setId)
      this.#onLeft(setId)
    }
    this.#slots.set(setId, slots)
    return new WorkerSet({
      id: setId,
      maxBatchesInFlight,
      listener,
      slots: seats.map((seat) => (ofSlot) => {
        const slot = new AttachedSlot(seat, { listener: ofSlot, attach: this.#attach, onStopped })
        slots.push(slot)
        return slot
      }),
    })
  }
}
