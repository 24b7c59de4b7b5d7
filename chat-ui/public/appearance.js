// Before the first paint: the chosen theme and density, so that nothing flashes.
(() => {
  const root = document.documentElement;
  try {
    const { theme, density } =
      JSON.parse(localStorage.getItem("energycopilot.preferences.v1")) ?? {};
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    if (density === "compact") root.dataset.density = density;
  } catch {
    // Storage is forbidden, or holds something else: the system's theme it is.
  }
})();
