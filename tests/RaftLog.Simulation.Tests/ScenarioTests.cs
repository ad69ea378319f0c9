namespace RaftLog.Simulation.Tests;

/// <summary>The scenarios, each under its name.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<string> Names() => [.. Scenarios.All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Holds(string name)
    {
        string? found = Scenarios.All.Single(scenario => scenario.Name == name).Run();
        Assert.True(found is null, found);
    }
}
