namespace RaftLog.Protocol;

/// <summary>
/// The bug that this process runs with, in the build configuration SeededBugs: what shows that the checks of the proof can fail. Each is a
/// line or two at the place where a person could have written it. No other configuration compiles this class or any use of it.
/// </summary>
public static class SeededBug
{
    /// <summary>The number of the bug that every run must find.</summary>
    public const int Canary = -1;

    private static int s_armed;

    /// <summary>Switches one bug on, and every other one off; 0 for none. Before any node starts.</summary>
    public static void Arm(int number) => s_armed = number;

    /// <summary>True when this bug is the one.</summary>
    public static bool Is(int number) => s_armed == number;
}
