// Our side of bench/loader.mjs: answers each request {folder, round} with the images it made into batches, and the seconds of CPU time.
import { createInterface } from 'node:readline';
import { openLoader, openTrainingData } from '../dist/data/index.js';
import { setThreads } from '../dist/torch/index.js';

const batch = 25;
const total = 200;
setThreads(1);
let open;

for await (const line of createInterface({ input: process.stdin })) {
  const { folder, round } = JSON.parse(line);
  if (open?.folder !== folder) {
    await open?.loader.close();
    const { images } = await openTrainingData(folder, { imageSize: 256, crop: true }, () => undefined);
    open = { folder, loader: openLoader(images, { side: 256, seed: 0, flip: true, crop: true }) };
  }
  const spans = Array.from({ length: total / batch }, (_, i) => ({ first: round * total + i * batch, size: batch }));
  const started = process.cpuUsage();
  for (const [i, span] of spans.entries()) {
    const { image_B3HW, labels_B } = await open.loader.next(span, spans.slice(i + 1, i + 3));
    image_B3HW.dispose();
    labels_B.dispose();
  }
  const { user, system } = process.cpuUsage(started);
  console.log(JSON.stringify({ images: total, seconds: (user + system) / 1e6 }));
}
await open?.loader.close();
