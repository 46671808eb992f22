// The choice of an image: a held-out one of the model's data, one that the model draws, or a file of one's own.
import { useEffect, useState } from 'preact/hooks';
import type { HeldOutImages, Model } from '../../../src/studio/api/index.js';
import { getHeldOutImages } from '../api.js';
import { Failure, Loading } from '../notices.js';
import { DropPlace, FileButton } from '../ownFile.js';
import { ClassPicker } from '../settings/classPicker.js';
import { TextField, wholeNumber } from '../settings/fields.js';
import type { ImageChoice } from './address.js';
import { keepPicture } from './source.js';

interface Props {
  model: Model;
  onChoose: (image: ImageChoice) => void;
}

/** Held-out images as buttons, or why there are none. */
function HeldOut({ model, onChoose }: Props) {
  const [found, setFound] = useState<HeldOutImages>();
  const [error, setError] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let left = false;
    setError(undefined);
    getHeldOutImages(model.id).then((images) => left || setFound(images), (reason: unknown) => left || setError(reason)); // prettier-ignore
    return () => {
      left = true;
    };
  }, [model.id, attempt]);
  if (error !== undefined) return <Failure error={error} retry={() => setAttempt(attempt + 1)} />;
  if (!found) return <Loading what="held-out images" />;
  if (found.note !== null) return <p class="soft">No image of the data: {found.note}.</p>;
  return (
    <>
      <p class="soft small">
        Of {found.data}, kept from training: what the model is asked to predict is not what it has learnt by heart.
      </p>
      <ul class="held-out">
        {found.images.map(({ index, class: name, picture }) => (
          <li key={index}>
            <button
              type="button"
              title={name}
              aria-label={`${name}, image ${index}`}
              onClick={() => onChoose({ kind: 'data', index })}
            >
              <img src={picture} alt="" class="pixels" />
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** An image of the model's own. */
function Drawn({ model, onChoose }: Props) {
  const [label, setLabel] = useState(0);
  const [seed, setSeed] = useState(1);
  const draw = (event: Event) => {
    event.preventDefault();
    if ((event.currentTarget as HTMLFormElement).checkValidity())
      onChoose({ kind: 'drawn', model: model.id, label, seed });
  };
  return (
    <form class="drawn" onSubmit={draw} noValidate>
      <ClassPicker
        classes={model.scalewise.classes}
        label={label}
        noClass={false}
        onChange={(next) => setLabel(next ?? 0)}
      />
      <TextField
        label="Seed"
        value={seed}
        parse={wholeNumber(0, 999_999_999)}
        format={String}
        inputMode="numeric"
        onChange={setSeed}
      />
      <button type="submit">Draw it</button>
    </form>
  );
}

/** A file, chosen or dropped. */
function OwnFile({ model, onChoose }: Props) {
  const [error, setError] = useState<unknown>();
  const take = (file: File) => {
    setError(undefined);
    keepPicture(file, model).then(onChoose, setError);
  };
  return (
    <DropPlace class="own-file" onFile={take}>
      <p class="soft small">Drop a PNG, JPEG or WebP here. It is cut to the size that the model draws.</p>
      <FileButton label="Choose a file" onFile={take} />
      {error !== undefined && <Failure error={error} />}
    </DropPlace>
  );
}

/** All three. */
export function ImageChooser(props: Props) {
  return (
    <div class="chooser">
      <section class="panel" aria-labelledby="from-data">
        <h2 id="from-data">An image of the data</h2>
        <HeldOut {...props} />
      </section>
      <section class="panel" aria-labelledby="from-model">
        <h2 id="from-model">One that the model draws</h2>
        <Drawn {...props} />
      </section>
      <section class="panel" aria-labelledby="from-file">
        <h2 id="from-file">One of your own</h2>
        <OwnFile {...props} />
      </section>
    </div>
  );
}
