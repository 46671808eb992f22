// The studio's page begins here.
import { render } from 'preact';
import '../common/theme.css';
import './studio.css';
import { takeToken } from './api.js';
import { App } from './app.js';
import { applyTheme } from './theme.js';

applyTheme();
await takeToken();
render(<App />, document.getElementById('studio')!);
