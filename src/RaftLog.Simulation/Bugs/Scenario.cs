namespace RaftLog.Simulation;

/// <summary>A directed run: every step is chosen, and what must be true after it is said.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Play">Plays it; throws where something else is found than the scenario expects.</param>
public sealed record Scenario(string Name, Action Play)
{
    /// <summary>Plays it; what it found wrong, or null.</summary>
    public string? Run()
    {
        try
        {
            Play();
            return null;
        }
        catch (Exception found)
        {
            return found.Message;
        }
    }
}
