import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { JoiningSink } from '../../../frontend/observability/stdout-sink.ts'

class FakeDestination extends EventEmitter {
  readonly written: string[] = []
  isDestroyed = false

  write(text: string): void {
    this.written.push(text)
  }

  flush(done: () => void): void {
    done()
  }

  destroy(): void {
    this.isDestroyed = true
  }
}

describe('JoiningSink', () => {
  let destination: FakeDestination
  let lost: number[]
  let sink: JoiningSink

  beforeEach(() => {
    destination = new FakeDestination()
    lost = []
    sink = new JoiningSink(destination, (lines) => lost.push(lines))
  })

  it('joins the lines of a turn of the event loop into one write', async () => {
    sink.writeSoon('a\n')
    sink.writeSoon('b\n')
    assert.deepEqual(destination.written, [])
    await setImmediate()
    assert.deepEqual(destination.written, ['a\nb\n'])
  })

  it('writes nothing when there is nothing more', async () => {
    sink.writeSoon('a\n')
    sink.flush(() => {})
    await setImmediate()
    assert.deepEqual(destination.written, ['a\n'])
  })

  it('keeps the order of lines', () => {
    sink.writeSoon('a\n')
    sink.write('b\n')
    assert.deepEqual(destination.written, ['a\n', 'b\n'])
  })

  it('has written everything when it is flushed', () => {
    let atEnd: string[] = []
    sink.writeSoon('a\n')
    sink.flush(() => (atEnd = [...destination.written]))
    assert.deepEqual(atEnd, ['a\n'])
  })

  it('drops what waits when it is destroyed', async () => {
    sink.writeSoon('a\n')
    sink.destroy()
    await setImmediate()
    assert.deepEqual([destination.written, destination.isDestroyed], [[], true])
  })

  it('tells how many lines were lost, once there is room again', () => {
    destination.emit('drain')
    destination.emit('drop', 'a\nb\n')
    destination.emit('drop', 'c\n')
    destination.emit('drain')
    destination.emit('drain')
    assert.deepEqual(lost, [3])
  })
})
