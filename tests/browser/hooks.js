// React's useState, useEffect and useCallback, as one component sees them: updaters run in order while it renders, a
// change of state renders it again in a microtask, effects run after the rendering, when what they depend on changed.

function mountHook(hook) {
  const cells = [];
  let next;
  let effects;
  let result;
  let isDue = false;

  const differ = (before, now) => before === undefined || now.some((each, index) => !Object.is(each, before[index]));

  window.useState = (initial) => {
    const cell = (cells[next++] ??= stateOf(initial));
    for (const update of cell.updates.splice(0)) {
      cell.value = typeof update === 'function' ? update(cell.value) : update;
    }
    return [cell.value, cell.set];
  };

  window.useEffect = (effect, dependencies) => {
    const cell = (cells[next++] ??= {});
    if (!differ(cell.dependencies, dependencies)) return;
    cell.dependencies = dependencies;
    effects.push(() => {
      cell.cleanUp?.();
      cell.cleanUp = effect();
    });
  };

  window.useCallback = (callback, dependencies) => {
    const cell = (cells[next++] ??= {});
    if (differ(cell.dependencies, dependencies)) Object.assign(cell, { callback, dependencies });
    return cell.callback;
  };

  function stateOf(value) {
    const cell = { value, updates: [] };
    cell.set = (update) => {
      cell.updates.push(update);
      if (!isDue) queueMicrotask(render);
      isDue = true;
    };
    return cell;
  }

  function render() {
    isDue = false;
    next = 0;
    effects = [];
    result = hook();
    for (const effect of effects) effect();
  }

  render();
  return {
    get result() {
      return result;
    },
    unmount: () => cells.forEach((cell) => cell.cleanUp?.()),
  };
}
