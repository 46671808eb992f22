// Runs: the list of trainings, and one of them.
import { useAddress } from '../router.js';
import { RunList } from './runList.js';
import '../settings/settings.css';
import './runs.css';
import './charts.css';
import { RunView } from './runView.js';

/** The page. */
export default function RunsPage() {
  const id = useAddress().path.split('/')[2] ?? '';
  return id === '' ? <RunList /> : <RunView key={id} id={id} />;
}
