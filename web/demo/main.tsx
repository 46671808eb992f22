// The demo begins here.
import { render } from 'preact';
import '../common/theme.css';
import './demo.css';
import { App } from './app.js';

const place = document.getElementById('demo')!;
place.replaceChildren();
render(<App />, place);
