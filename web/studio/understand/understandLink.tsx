// From a drawn image to its explanation: the picture is kept in this tab, as a file of one's own would be.
import { useState } from 'preact/hooks';
import type { Model } from '../../../src/studio/api/index.js';
import type { GrowingImage } from '../generation/state.js';
import { navigate } from '../router.js';
import { hrefOf } from './address.js';
import { keepPicture } from './source.js';

interface Props {
  image: GrowingImage;
  model: Model;
  /** Label of its class; null for none. */
  label: number | null;
}

/** A button that opens Understand on an image. */
export function UnderstandLink({ image, model, label }: Props) {
  const [problem, setProblem] = useState<string>();
  const event = image.scales.at(-1);
  if (!event) return null;
  const open = async () => {
    const file = await (await fetch(event.frame)).blob();
    const name = `${image.model}, seed ${image.seed}`;
    const kept = await keepPicture(Object.assign(file, { name }), model);
    const choice = { seed: 0, choice: 'sample', step: 1, scale: undefined, gamma: undefined } as const;
    navigate(hrefOf({ image: kept, model: model.id, label, ...choice }));
    window.scrollTo(0, 0);
  };
  const onClick = () => {
    open().catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)));
  };
  return (
    <>
      <button type="button" onClick={onClick}>
        Understand<span class="unseen"> this image of {image.model}</span>
      </button>
      {problem !== undefined && <span role="alert">{problem}</span>}
    </>
  );
}
