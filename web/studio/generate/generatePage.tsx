// Generate: settings at the side, and the image growing scale by scale. The address holds the settings, the history's entry the generation.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { sourceQuery } from '../edit/link.js';
import type { GrowingImage } from '../generation/state.js';
import { isOver } from '../generation/state.js';
import { useGeneration } from '../generation/useGeneration.js';
import { Empty, Failure, Loading } from '../notices.js';
import { keepPlace, Link, useAddress } from '../router.js';
import { queryOf, requestOf, type Settings, settingsOf } from '../settings/settings.js';
import { modelOf, ModelFields, SettingsFields } from '../settings/settingsFields.js';
import { SettingsForm } from '../settings/settingsForm.js';
import { type Models, useModels } from '../settings/useModels.js';
import { UnderstandLink } from '../understand/understandLink.js';
import { CopyLink } from '../view/copyLink.js';
import { DownloadLink } from '../view/downloadLink.js';
import { Stage } from '../view/stage.js';
import { keepSettings, keptSettings } from './kept.js';

/** What the history's entry holds: the generation that its address was drawn by. */
interface Entry {
  generation?: string;
}

/** With the models known. */
function Generate({ models }: { models: Models }) {
  const address = useAddress(); // a new one at every step in the history, also to a query that was read before
  const { query } = address;
  const [settings, setSettings] = useState(() => keptSettings(models) ?? settingsOf(query, models).settings);
  const [problems, setProblems] = useState<string[]>([]);
  const drawn = useRef<Settings>(settings);
  const shown = useRef<Settings>(settings);
  shown.current = settings;
  useEffect(() => keepSettings(settings), [settings]);
  const generation = useGeneration(
    useCallback((id: string) => {
      const address = queryOf(drawn.current, modelOf(drawn.current, models));
      const state: Entry = { generation: id };
      const isSame = location.search === address || location.search === '';
      keepPlace(`/${address}`, { replace: isSame, state });
      keepSettings(shown.current);
    }, []),
  );
  const draw = (wanted: Settings) => {
    drawn.current = wanted;
    setProblems([]);
    void generation.start(requestOf(wanted));
  };

  // the address was opened, or gone back to: its generation is taken up where the server still has it, and drawn anew where not
  useEffect(() => {
    const asked = settingsOf(query, models);
    setProblems(asked.problems);
    if (query === '') return;
    setSettings(keptSettings(models) ?? asked.settings);
    drawn.current = asked.settings;
    if (history.state === null) keepPlace(location.pathname + query, { replace: true, state: {} satisfies Entry });
    const { generation: id } = (history.state ?? {}) as Entry;
    const open = async () => {
      if (id !== undefined && (await generation.resume(id))) return;
      if (asked.complete) draw(asked.settings);
    };
    void open();
  }, [address, models]);

  const { growing, sending, error } = generation;
  const busy = sending || (growing !== undefined && !isOver(growing));
  const stride = modelOf(drawn.current, models).scalewise.stride;
  const actions = (image: GrowingImage) => (
    <>
      <DownloadLink image={image} />
      <Link class="button" href={`/edit${sourceQuery(growing?.id, image.model, image.image)}`}>
        Edit
      </Link>
      <UnderstandLink image={image} model={models.find(({ id }) => id === image.model)!} label={drawn.current.label} />
    </>
  );
  return (
    <div class="desk">
      <SettingsForm label="Settings" onSubmit={() => busy || draw(settings)}>
        <h1>Generate</h1>
        <div class="fields">
          <ModelFields models={models} settings={settings} onChange={setSettings} />
          <SettingsFields models={models} settings={settings} onChange={setSettings} />
        </div>
        <div class="send">
          <button type="submit" class="primary" disabled={busy}>
            {sending ? 'Sending …' : busy ? 'Drawing …' : 'Generate'}
          </button>
          <CopyLink query={queryOf(settings, modelOf(settings, models))} />
        </div>
      </SettingsForm>
      <div class="results">
        {problems.map((problem) => (
          <Failure key={problem} error={new Error(`This link: ${problem}`)} />
        ))}
        {error !== undefined && <Failure error={error} retry={() => draw(settings)} />}
        {growing ? (
          <Stage handle={generation} growing={growing} stride={stride} actions={actions} retry={() => draw(settings)} />
        ) : sending ? (
          <Loading what="the generation" />
        ) : (
          <Empty title="Nothing drawn yet">
            <p>
              Choose a class and press Generate. The image grows from one token to the finest scale, and every scale on
              the way can be looked at: its picture, its tokens, how sure the model was of each.
            </p>
          </Empty>
        )}
      </div>
    </div>
  );
}

/** The page. */
export default function GeneratePage() {
  const { models, error, retry } = useModels();
  if (models) return <Generate models={models} />;
  return (
    <>
      <h1 class="unseen">Generate</h1>
      {error === undefined ? <Loading what="the models" /> : <Failure error={error} retry={retry} />}
    </>
  );
}
