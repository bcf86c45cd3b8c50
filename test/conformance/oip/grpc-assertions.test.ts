import { GrpcClient, OIP } from '../../support/grpc-client.ts'
import { runGrpcAssertion, type GrpcSide } from './grpc-assertion.ts'
import { GRPC_ASSERTIONS } from './grpc-assertions.ts'
import { OipServer } from './oip-server.ts'

describe('Open Inference Protocol over gRPC, assertion', function () {
  this.timeout(60_000)
  let side: GrpcSide
  before(async () => {
    const server = await OipServer.start(['--model-control-mode', 'explicit'])
    side = { server, client: new GrpcClient(server.grpcInference, OIP) }
  })
  after(async () => {
    side.client.close()
    await side.server.stop()
  })

  for (const assertion of GRPC_ASSERTIONS) runGrpcAssertion(assertion, () => side)
})
