import { LIFE_ASSERTIONS } from './life-assertions.ts'
import { WIRED_ASSERTIONS } from './wired-assertions.ts'
import type { OipWire } from './wire.ts'
import { WiredServer } from './wired-server.ts'
import { WIRES } from './wires.ts'

const VALUES_OF_A_WIRE = 10_000
const VALUES_OF_A_CASE = 10

for (const [index, { name, open }] of WIRES.entries()) {
  describe(`Open Inference Protocol, server and queues over ${name}, assertion`, function () {
    this.timeout(60_000)
    let server: WiredServer
    let wire: OipWire
    before(async () => {
      server = await WiredServer.create()
      await server.start()
      wire = open(server.process)
    })
    after(async () => {
      wire.close()
      await server.remove()
    })

    for (const [place, assertion] of WIRED_ASSERTIONS.entries()) {
      it(`${assertion.number}: ${assertion.it}`, () => {
        const value = VALUES_OF_A_WIRE * index + VALUES_OF_A_CASE * (place + 1)
        return assertion.run({ server, wire, model: `model${value}`, value })
      })
    }

    describe('with a server of its own', () => {
      let own: WiredServer
      const opened: OipWire[] = []
      const connect: typeof open = (address) => {
        const each = open(address)
        opened.push(each)
        return each
      }
      beforeEach(async () => {
        own = await WiredServer.create()
      })
      afterEach(async () => {
        for (const each of opened.splice(0)) each.close()
        await own.remove()
      })

      for (const { number, it: claim, run } of LIFE_ASSERTIONS) {
        it(`${number}: ${claim}`, () => run({ server: own, open: connect }))
      }
    })
  })
}
