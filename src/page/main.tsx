import { render } from 'preact';

import { App } from './app.js';
import { Chats } from './chat/chats.js';
import { Connection } from './shared/connection.js';
import { watchAddress } from './shared/route.js';
import { applyTheme } from './shared/theme.js';
import './style/index.css';

applyTheme();
watchAddress();
const connection = new Connection();
const chats = new Chats();
void chats.load();
addEventListener('pagehide', () => {
  chats.flush();
});
void connection.run();

const root = document.getElementById('app');
if (root !== null) render(<App connection={connection} chats={chats} />, root);
