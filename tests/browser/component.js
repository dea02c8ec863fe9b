// A Vue 2 component made of one mixin: its data, its methods bound to it, $set and $emit, and the plugin's $websocket.

function mountMixin(mixin, socket) {
  const component = {
    ...mixin.data(),
    $websocket: socket,
    $set: (target, key, value) => (target[key] = value),
    $emit: (name, ...given) => note('$emit', name, ...given),
  };
  for (const [name, method] of Object.entries(mixin.methods)) component[name] = method.bind(component);
  return component;
}
