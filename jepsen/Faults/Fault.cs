namespace RaftLog.Jepsen.Faults;

/// <summary>A fault that can begin and end.</summary>
/// <param name="Kind">Its name in the options.</param>
/// <param name="What">What it does, and to whom.</param>
/// <param name="Begin">Begins it; true when it is known to have had its effect.</param>
/// <param name="End">Ends it; true when it had an effect meanwhile.</param>
internal sealed record Fault(string Kind, string What, Func<Task<bool>> Begin, Func<Task<bool>> End);
