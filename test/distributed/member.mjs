// One process of a job that tests/distributed starts: node member.mjs TASK TOPOLOGY TIMEOUT. Prints what the task returns as JSON.
import { ops, Reducer, scope, tensor } from '../../dist/torch/index.js';
import { joinWorld } from '../../dist/train/index.js';

const rows = 8;

/** Numbers without a pattern. */
const numbers = (shape, phase) =>
  tensor(Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(1.7 * i + phase))).view(shape);

function parameters() {
  const all = [numbers([5, 16], 1), numbers([16], 2), numbers([16, 3], 3)];
  for (const one of all) one.requiresGrad = true;
  return all;
}

/** Mean over rows of what two layers make of them. */
function lossOf([first, bias, second], x_BC) {
  return ops.tanh(x_BC.matmul(first).add(bias)).matmul(second).square().mean();
}

const tasks = {
  collectives({ rank, size, group, mean, any }) {
    const sum = tensor([rank + 1, 10]);
    const turned = tensor([[rank, 0, 0], [rank, 1, 1]]).t(); // prettier-ignore
    const most = tensor([rank, -rank]);
    const whole = tensor([rank], { dtype: 'int64' });
    group.allReduce([sum, turned]);
    group.allReduce([most], 'max');
    group.broadcast([whole], size - 1);
    return {
      sum: sum.toArray(),
      turned: turned.toArray(),
      most: most.toArray(),
      whole: whole.toArray(),
      gathered: group.allGather(tensor([rank, rank])).map((one) => one.toArray()),
      mean: mean({ loss: rank, other: 1 }),
      any: [any(rank === 1), any(false)],
    };
  },

  /** Gradients of two micro-batches in which each process has its part of the rows. */
  gradients({ rank, size, group }) {
    const weights = parameters();
    const reducer = group && new Reducer(group, weights, { bucketBytes: 128, firstBucketBytes: 64 });
    const x_BC = numbers([rows, 5], 4);
    const share = rows / 2 / size;
    let local = [];
    for (const part of [0, 1]) {
      reducer?.prepareForward();
      const loss = lossOf(weights, x_BC.narrow(0, (part * rows) / 2 + rank * share, share)).div(2);
      if (part === 1) reducer?.prepareBackward();
      loss.backward();
      if (part === 0) local = weights[1].grad.toArray();
    }
    return { local, gradients: weights.map((one) => one.grad.toArray()) };
  },

  /** Steps without end, with a line at the first. */
  steps({ group, explain }) {
    const weights = parameters();
    const reducer = new Reducer(group, weights);
    try {
      for (let step = 0; ; step++)
        scope(() => {
          reducer.prepareForward();
          const loss = lossOf(weights, numbers([rows, 5], step));
          reducer.prepareBackward();
          loss.backward();
          if (step === 1) console.log('"stepping"');
        });
    } catch (error) {
      throw explain(error);
    }
  },
};

const [task, topology, timeout] = process.argv.slice(2);
try {
  const said = [];
  const world = joinWorld(JSON.parse(topology), { timeout: Number(timeout), say: (line) => said.push(line) });
  const result = tasks[task](world);
  world.leave();
  console.log(JSON.stringify({ ...result, said }));
} catch (error) {
  console.error(error.exitCode ? error.message : error.stack);
  process.exit(error.exitCode ?? 1);
}
