/** The preferences, as components see and change them. */
import { createContext, type ReactNode, useContext, useEffect, useSyncExternalStore } from "react";
import { PREFERENCES_KEY, PreferenceStore, type Preferences } from "./preferences";

const StoreContext = createContext(new PreferenceStore(null));

export function PreferencesProvider(props: {
  readonly store: PreferenceStore;
  readonly children: ReactNode;
}) {
  const { store, children } = props;
  const { theme, density } = useSyncExternalStore(store.subscribe, store.get);
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (theme === "system") delete dataset.theme;
    else dataset.theme = theme;
    if (density === "comfortable") delete dataset.density;
    else dataset.density = density;
  }, [theme, density]);
  useEffect(() => {
    const changed = ({ key }: StorageEvent) => {
      if (key === PREFERENCES_KEY) store.reload();
    };
    window.addEventListener("storage", changed);
    return () => window.removeEventListener("storage", changed);
  }, [store]);
  return <StoreContext value={store}>{children}</StoreContext>;
}

export function usePreferences(): Preferences {
  const store = useContext(StoreContext);
  return useSyncExternalStore(store.subscribe, store.get);
}

export function useChangePreferences(): (some: Partial<Preferences>) => void {
  const store = useContext(StoreContext);
  return (some) => store.change(some);
}
