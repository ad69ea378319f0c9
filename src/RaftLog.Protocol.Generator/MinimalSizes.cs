using System;

namespace RaftLog.Protocol.Generator;

/// <summary>
/// The fewest bytes that one element of an array can take. A count that claims more elements than could stand in the rest of the frame is
/// rejected before a list is made for them.
/// </summary>
internal sealed class MinimalSizes
{
    private readonly MessageHead _head;

    public MinimalSizes(MessageHead head) => _head = head;

    /// <summary>A C# expression: a number, or a choice by the variable <paramref name="flexible"/> where the two forms differ.</summary>
    public string OfElement(FieldSchema field, string flexible)
    {
        VersionRange compact = _head.FlexibleVersions;
        VersionRange classic = new VersionRange(_head.Lowest, Math.Min(_head.Highest, _head.FirstFlexible - 1));
        int compactSize = Smallest(field, compact, isFlexible: true);
        int classicSize = Smallest(field, classic, isFlexible: false);
        return flexible switch
        {
            "true" => compactSize.ToString(),
            "false" => classicSize.ToString(),
            _ => compactSize == classicSize ? compactSize.ToString() : $"{flexible} ? {compactSize} : {classicSize}",
        };
    }

    private static int Smallest(FieldSchema field, VersionRange versions, bool isFlexible)
    {
        int smallest = int.MaxValue;
        VersionRange present = versions.Intersect(field.Versions);
        for (int version = present.Lowest; version <= present.Highest; version++)
        {
            smallest = Math.Min(smallest, OfValue(field, version, isFlexible, isElement: true));
        }

        return smallest == int.MaxValue ? 1 : Math.Max(1, smallest);
    }

    private static int OfValue(FieldSchema field, int version, bool isFlexible, bool isElement)
    {
        if (field.IsArray && !isElement)
        {
            return isFlexible ? 1 : 4;
        }

        if (field.Scalar is { } scalar)
        {
            return scalar.MinSize(isFlexible);
        }

        return !isElement && field.Nullable.Contains(version) ? 1 : OfStructure(field.Structure!, version, isFlexible);
    }

    private static int OfStructure(StructureSchema structure, int version, bool isFlexible)
    {
        int size = isFlexible ? 1 : 0;
        foreach (FieldSchema field in structure.Fields)
        {
            if (field.Versions.Contains(version) && !field.Tagged.Contains(version))
            {
                size += OfValue(field, version, isFlexible, isElement: false);
            }
        }

        return size;
    }
}
