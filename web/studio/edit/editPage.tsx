// Edit: a part of an image made anew, continued beyond its edges, or drawn as another class. The address names the image, the tab keeps the mask.
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { Model } from '../../../src/studio/api/index.js';
import type { GrowingImage } from '../generation/state.js';
import { isOver } from '../generation/state.js';
import { useGeneration } from '../generation/useGeneration.js';
import { Failure, Loading } from '../notices.js';
import { keepPlace, Link, useAddress } from '../router.js';
import { Choice, TextField, Tick, wholeNumber } from '../settings/fields.js';
import { sizeOf } from '../settings/scalesField.js';
import { defaultSettings, requestOf, type Settings, settingsOf } from '../settings/settings.js';
import { modelOf, ModelFields, SettingsFields } from '../settings/settingsFields.js';
import { SettingsForm } from '../settings/settingsForm.js';
import { type Models, useModels } from '../settings/useModels.js';
import { CopyLink } from '../view/copyLink.js';
import { DownloadLink } from '../view/downloadLink.js';
import { Stage } from '../view/stage.js';
import { type Draft, keepDraft, keptDraft, type Task } from './draft.js';
import './edit.css';
import { editOf, editQuery, sourceQuery } from './link.js';
import { MarginEditor } from './marginEditor.js';
import { emptyMask, isMarked } from './mask.js';
import { MaskEditor } from './maskEditor.js';
import { maskUrl } from './maskPicture.js';
import { type Source, sourceOfFile, sourceOfQuery } from './source.js';
import { SourcePicker } from './sourcePicker.js';

const tasks: readonly { value: Task; label: string }[] = [
  { value: 'inpaint', label: 'In-paint' },
  { value: 'outpaint', label: 'Out-paint' },
  { value: 'class', label: 'Change class' },
];

const explained: Record<Task, string> = {
  inpaint: 'Mark a part of the image: it is made anew to fit the rest.',
  outpaint: 'Give the image room: the model goes on beyond its edges.',
  class: 'Mark a part of the image: it is made anew as another class.',
};

/** A fresh draft of an image; what was set before stays set, but for the model and the scales that drew it, and what its address says. */
function draftOf(source: Source, settings: Settings, task: Task, models: Models, query: string): Draft {
  const { drawnBy, label } = source;
  const model = models.find(({ id }) => id === drawnBy?.model);
  const before = model && settings.models[0] !== model.id ? { ...startingOf(model), count: settings.count } : settings;
  const own = { ...before, ...(model && { scales: drawnBy!.scales }), label: label ?? before.label };
  const asked = settingsOf(query, models);
  return {
    task,
    source,
    settings: asked.complete ? asked.settings : own,
    mask: emptyMask(source.width, source.height),
    margins: { left: 0, right: 0, up: 0, down: 0 },
    feather: undefined,
    ...editOf(query, source),
  };
}

/** The settings that an edit by a model begins with. */
const startingOf = (model: Model): Settings => ({ ...defaultSettings(model), count: 4, label: null });

/** The request of a draft, or a sentence that says what it lacks. */
function requestFrom({ task, source, mask, margins, feather, settings }: Draft) {
  const edit = { image: source.image, ...(feather !== undefined && { feather }) };
  if (task === 'outpaint') {
    if (!Object.values(margins).some((margin) => margin > 0)) return 'Give the image room on one side at least.';
    return { ...requestOf(settings), edit: { ...edit, margins } };
  }
  if (!isMarked(mask)) return 'Mark first what is to be made anew.';
  return { ...requestOf(settings), edit: { ...edit, mask: maskUrl(mask) } };
}

/** The fields of what is done, before those of how. */
function TaskFields({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const { task, feather, settings } = draft;
  const choose = (next: Task) =>
    change({ task: next, ...(next === 'class' && settings.label === null && { settings: { ...settings, label: 0 } }) });
  return (
    <>
      <Choice label="What to do" value={task} options={tasks} onChange={choose} />
      <p class="soft small">{explained[task]}</p>
      <Tick
        label="Keep the image’s own pixels"
        hint="where they are not made anew"
        checked={feather !== undefined}
        onChange={(own) => change({ feather: own ? 2 : undefined })}
      />
      {feather !== undefined && (
        <TextField
          label="Passage between old and new, in pixels"
          value={feather}
          parse={wholeNumber(0, 256)}
          format={String}
          inputMode="numeric"
          onChange={(width) => change({ feather: width })}
        />
      )}
    </>
  );
}

/** With the models known. */
function Edit({ models }: { models: Models }) {
  const { query } = useAddress();
  const [draft, setDraft] = useState<Draft | undefined>(() => keptDraft(query, models));
  const [loading, setLoading] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const generation = useGeneration(
    useCallback(
      (id: string) => keepPlace(location.pathname + location.search, { replace: true, state: { generation: id } }),
      [],
    ),
  );
  const [isStroke, setStroke] = useState(false);
  const starting = useMemo(() => {
    const asked = settingsOf(query, models);
    return asked.complete ? asked.settings : startingOf(models[0]);
  }, [query, models]);
  const change = (part: Partial<Draft>) => draft && setDraft({ ...draft, ...part });
  const take = (source: Source, asked: string) =>
    setDraft((before) => draftOf(source, before?.settings ?? starting, before?.task ?? 'inpaint', models, asked));

  useEffect(() => {
    const { generation: id } = (history.state ?? {}) as { generation?: string };
    if (id === undefined) generation.clear();
    else void generation.resume(id);
    const kept = keptDraft(query, models);
    if (kept) {
      setDraft(kept);
      return;
    }
    if (query === '') return undefined;
    let left = false;
    setLoading(true);
    setProblem(undefined);
    sourceOfQuery(query)
      .then(
        (source) => source && !left && take(source, query),
        (reason: unknown) => left || setProblem(reason),
      ) // prettier-ignore
      .finally(() => setLoading(false));
    return () => {
      left = true;
    };
  }, [query]);
  useEffect(() => {
    if (draft && !isStroke) keepDraft(draft, query); // a stroke is kept once it is over
  }, [draft, isStroke]);

  const onFile = (file: File) => {
    setProblem(undefined);
    const { scales } = draft?.settings ?? starting;
    const { stride } = modelOf(draft?.settings ?? starting, models).scalewise;
    sourceOfFile(file, sizeOf(scales, stride)).then((source) => take(source, draft ? '' : query), setProblem);
  };
  const { growing, sending, error } = generation;
  const busy = sending || (growing !== undefined && !isOver(growing));
  const draw = () => {
    if (!draft || busy) return;
    const wanted = requestFrom(draft);
    setProblem(typeof wanted === 'string' ? new Error(wanted) : undefined);
    if (typeof wanted !== 'string') void generation.start(wanted);
  };

  if (loading) return <Loading what="the image" />;
  if (!draft)
    return (
      <div class="results">
        <h1 class="unseen">Edit</h1>
        {problem !== undefined && <Failure error={problem} />}
        <SourcePicker onFile={onFile} />
      </div>
    );
  const { settings, source, task, mask, margins } = draft;
  const { stride } = modelOf(settings, models).scalewise;
  const onSettings = (next: Settings) => change({ settings: next });
  const actions = (image: GrowingImage) => (
    <>
      <DownloadLink image={image} />
      <Link class="button" href={`/edit${sourceQuery(growing?.id, image.model, image.image)}`}>
        Go on with this
      </Link>
    </>
  );
  return (
    <div class="desk editing">
      <section class="panel editor" aria-labelledby="source-name">
        <header>
          <strong id="source-name">{source.name}</strong>
          <span class="figure soft">
            {source.height} × {source.width}
          </span>
          <SourcePicker onFile={onFile} compact />
        </header>
        {task === 'outpaint' ? (
          <MarginEditor
            source={source}
            margins={margins}
            size={sizeOf(settings.scales, stride)}
            stride={stride}
            onChange={(next) => change({ margins: next })}
          />
        ) : (
          <MaskEditor
            source={source}
            mask={mask}
            stride={stride}
            onChange={(next) => change({ mask: next })}
            onStroke={setStroke}
          />
        )}
      </section>
      <SettingsForm label="Settings" onSubmit={draw}>
        <h1>Edit</h1>
        <div class="fields">
          <TaskFields draft={draft} change={change} />
          <SettingsFields models={models} settings={settings} onChange={onSettings} noClass={task !== 'class'} />
          <ModelFields models={models} settings={settings} onChange={onSettings} />
        </div>
        <div class="send">
          <button type="submit" class="primary" disabled={busy}>
            {sending ? 'Sending …' : busy ? 'Drawing …' : 'Make it anew'}
          </button>
          <CopyLink query={`edit${editQuery(draft, modelOf(settings, models))}`} />
        </div>
      </SettingsForm>
      <div class="results">
        {problem !== undefined && <Failure error={problem} />}
        {error !== undefined && <Failure error={error} retry={draw} />}
        {growing && <Stage handle={generation} growing={growing} stride={stride} actions={actions} retry={draw} />}
      </div>
    </div>
  );
}

/** The page. */
export default function EditPage() {
  const { models, error, retry } = useModels();
  if (models) return <Edit models={models} />;
  return (
    <>
      <h1 class="unseen">Edit</h1>
      {error === undefined ? <Loading what="the models" /> : <Failure error={error} retry={retry} />}
    </>
  );
}
