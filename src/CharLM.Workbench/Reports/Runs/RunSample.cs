namespace CharLM.Workbench.Reports.Runs;

/// <summary>A sample that a run drew.</summary>
/// <param name="Epoch">After how many epochs.</param>
/// <param name="Text">The prefix and its continuation.</param>
public sealed record RunSample(int Epoch, string Text);
