namespace RaftLog.Interop.Frameworks;

/// <summary>A message.</summary>
/// <param name="Number">Its number: those that end with 3 fail once, those that end with 7 always.</param>
public sealed record Order(int Number);
