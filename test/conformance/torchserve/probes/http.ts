import { overHttp } from './probe.ts'

/** `Connection` of an answer, of an unknown route, of a wrong method. */
export const httpProbes = {
  connectionClose: {
    observe: overHttp(async (fixture) => {
      const answers = [
        await fixture.manage('GET', '/models'),
        await fixture.manage('GET', '/no-such-route'),
        await fixture.manage('DELETE', '/models'),
      ]
      return answers.map(({ status, headers }) => [status, headers.get('connection')])
    }),
    strict: [
      [200, 'keep-alive'],
      [404, 'keep-alive'],
      [405, 'keep-alive'],
    ],
    torchserve: [
      [200, 'keep-alive'],
      [404, 'close'],
      [405, 'close'],
    ],
  },
}
