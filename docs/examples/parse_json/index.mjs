export const handler = async ({ task }) => {
  const { fields } = task.objects[task.attemptId];
  const command = fields.find((field) => field.key === "command");
  try {
    const parsed = JSON.parse(command.stringValue);
    console.log(`Parsed ${Object.keys(parsed).length} members`);
  } catch (error) {
    return { status: "FAILED", errorId: "NotJson", errorMessage: error.message };
  }
  return { status: "FINISHED" };
};
