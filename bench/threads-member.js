// A member of the team: starts the engine on the memory that there is and waits for its share of the work.
onmessage = async ({ data }) => {
  const engine = await import(data.script);
  await engine.default({ module_or_path: data.module, memory: data.memory });
  engine.joinTeam();
};
