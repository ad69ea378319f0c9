using System.Runtime.CompilerServices;

namespace RaftLog.Simulation.Cores;

/// <summary>A promise is broken in a simulated cluster.</summary>
/// <param name="checker">The name of the check that saw it.</param>
/// <param name="what">What it saw.</param>
internal sealed class AlarmException(string checker, string what) : Exception($"{checker}: {what}")
{
    /// <summary>Raises an alarm unless a promise holds.</summary>
    public static void Unless(bool holds, string checker, [InterpolatedStringHandlerArgument(nameof(holds))] ref AlarmMeaning what)
    {
        if (!holds)
        {
            throw new AlarmException(checker, what.Take());
        }
    }
}
