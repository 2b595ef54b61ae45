/** Why something was not done; nothing while it is empty. */
export function Fault({ sentence }: { readonly sentence: string }) {
  if (sentence === '') return null;
  return (
    <p class="fault" role="alert">
      {sentence}
    </p>
  );
}
