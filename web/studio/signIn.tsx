// Where the server asks for a token that the address did not bring.
import { useId, useState } from 'preact/hooks';
import { signIn } from './api.js';

/** A field for the token; the page is loaded anew with it. */
export function SignIn() {
  const id = useId();
  const [token, setToken] = useState('');
  const [wrong, setWrong] = useState('');
  const send = (event: Event) => {
    event.preventDefault();
    signIn(token.trim()).then(
      () => location.reload(),
      () => setWrong('That is not the token.'),
    );
  };
  return (
    <form class="sign-in panel" onSubmit={send}>
      <h2>This studio asks for its token</h2>
      <p class="soft">
        It stands at the end of the address that <code>scalewise studio</code> printed, after #token=.
      </p>
      <label class="label" htmlFor={id}>
        Token
      </label>
      <div class="row">
        <input
          id={id}
          type="password"
          autocomplete="current-password"
          required
          value={token}
          aria-invalid={wrong !== ''}
          aria-describedby={`${id}-wrong`}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Open
        </button>
      </div>
      <p class="wrong small" id={`${id}-wrong`} role="status">
        {wrong}
      </p>
    </form>
  );
}
