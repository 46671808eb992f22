// OpenAI's streams of images: a partial image a scale, then the image, each with its own event.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ScaleEvent } from './api/index.js';
import type { LoggedEvent } from './jobs/eventLog.js';
import { type Asked, base64, sizeText, usageOf } from './openai.js';
import { openStream } from './server/sse.js';
import type { Studio } from './server/studio.js';

/** What a stream's events are called. */
export type StreamKind = 'image_generation' | 'image_edit';

/** Answers with the images of a job as they come; the last event is `error` where they do not come. */
export function streamImages(
  studio: Studio,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: Asked,
  kind: StreamKind,
): void {
  const { job, format, partial } = asked;
  const stream = openStream(studio, request, reply, () => {
    stopListening();
    if (!job.isOver) studio.scheduler.cancel(job);
  });
  const shared = { created_at: job.created, background: 'opaque', output_format: format.type, quality: 'auto', size: sizeText(asked) }; // prettier-ignore
  const last = job.plan.request.scales.length - 1;

  const sendScale = async ({ image, index, seed }: ScaleEvent): Promise<void> => {
    const unit = job.units[image]!;
    if (index < last && !partial.has(index)) return;
    const picture = await base64(asked, unit, job.frame(unit.model, image, index)!);
    const own = { b64_json: picture, x_image: image, x_seed: seed };
    const name = `${kind}.${index < last ? 'partial_image' : 'completed'}`;
    const more =
      index < last
        ? { partial_image_index: [...partial].indexOf(index), x_scale: index }
        : { usage: usageOf(asked, 1) };
    stream.send(name, JSON.stringify({ type: name, ...own, ...shared, ...more }));
  };
  const send = async (event: LoggedEvent): Promise<void> => {
    if (event.name === 'scale') await sendScale(JSON.parse(event.data) as ScaleEvent);
    if (event.name === 'failed' || event.name === 'cancelled')
      stream.send('error', JSON.stringify({ type: 'error', error: job.error!.problem }));
  };

  let [sent, isSending] = [0, false];
  const tell = async (): Promise<void> => {
    for (let event = job.log.after(sent); event; event = job.log.after(sent)) {
      sent = event.id;
      if (stream.isFull) await new Promise<void>((then) => { stream.onceDrained(then); }); // prettier-ignore
      await send(event);
    }
    isSending = false;
    if (job.log.isClosed) stream.end();
  };
  const hear = () => {
    if (isSending) return;
    isSending = true;
    tell().catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      stream.send('error', JSON.stringify({ type: 'error', error: { message, type: 'server_error' } }));
      stream.end();
    });
  };
  const stopListening = job.log.listen(hear);
  hear();
}
