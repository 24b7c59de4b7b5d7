export function Logo() {
  return (
    <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <path d="M17.8 5.5 8.5 18h6.2l-1.2 8.5L23.5 13.4h-6.4z" className="fill-on-accent" />
    </svg>
  );
}
