// What a call costs beside its arithmetic: microseconds for operators on one element, freeing the results included. `npm run build` first.
//   node bench/overhead.mjs          prints one line of JSON an operator; bench/peer/overhead.py is the same in Python
import { noGrad, ones, scope, setThreads } from '../dist/torch/index.js';

const calls = 1000;
const rounds = 60;
setThreads(1);

/** The fastest of many rounds: what disturbs a round only makes it slower. */
function microseconds(round) {
  let best = Infinity;
  for (let i = 0; i < rounds; i++) {
    const started = process.hrtime.bigint();
    scope(round);
    best = Math.min(best, Number(process.hrtime.bigint() - started));
  }
  return best / 1e3 / calls;
}

const a = ones([1]);
const b = ones([1]);
const weight = ones([1]);
weight.requiresGrad = true;
const repeat = (call) => () => {
  for (let i = 0; i < calls; i++) call();
};
const cases = {
  add: () => noGrad(repeat(() => a.add(b))),
  add_autograd: repeat(() => weight.add(b)),
  add_: () => noGrad(repeat(() => a.add_(b))),
  view: () => noGrad(repeat(() => a.view([1]))),
};
for (const [name, round] of Object.entries(cases))
  console.log(
    JSON.stringify({ bench: 'overhead', side: 'scalewise', name, microseconds: +microseconds(round).toFixed(3) }),
  );
