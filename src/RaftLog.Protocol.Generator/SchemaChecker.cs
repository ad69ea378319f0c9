using System;
using System.Collections.Generic;
using System.Linq;

namespace RaftLog.Protocol.Generator;

/// <summary>
/// Resolves the structures that fields name, fits versions to the message's, and rejects what cannot be encoded or compiled.
/// </summary>
internal sealed class SchemaChecker
{
    /// <summary>Members that the generator gives to every class, so that no field can have their names.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "MessageName",
        "LowestVersion",
        "HighestVersion",
        "FirstFlexibleVersion",
        "ApiKey",
        "TypeId",
        "RecordId",
        "Read",
        "Write",
        "IsDefault",
    };

    private readonly MessageHead _head;
    private readonly StructureSchema _body;
    private readonly List<StructureSchema> _structures;
    private readonly List<SchemaError> _errors;

    public SchemaChecker(MessageHead head, StructureSchema body, List<StructureSchema> structures, List<SchemaError> errors)
    {
        _head = head;
        _body = body;
        _structures = structures;
        _errors = errors;
    }

    public void Check()
    {
        foreach (
            IGrouping<string, StructureSchema> same in _structures.GroupBy(s => s.Name, StringComparer.Ordinal).Where(g => g.Count() > 1)
        )
        {
            Report(
                same.Last().Line,
                $"structure {same.Key} is declared twice; declare it once with 'struct {same.Key}' at the end of the file"
            );
        }

        foreach (StructureSchema structure in _structures.Prepend(_body))
        {
            CheckStructure(structure);
        }

        if (_errors.Count == 0)
        {
            RejectCycles(_body, new List<StructureSchema>());
        }

        foreach (FieldSchema field in _structures.Prepend(_body).SelectMany(s => s.Fields))
        {
            if (field is { IsArray: false, Tagged.IsEmpty: false, Structure: { } tagged })
            {
                MarkCompared(tagged);
            }
        }
    }

    private void CheckStructure(StructureSchema structure)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (FieldSchema field in structure.Fields)
        {
            if (!names.Add(field.Name))
            {
                Report(field.Line, $"field {field.Name} stands twice in {structure.Name}");
            }

            if (field.Name == structure.Name)
            {
                Report(field.Line, $"field {field.Name} has the name of its own structure, which C# does not allow; rename the structure");
            }

            if (Reserved.Contains(field.Name) && (structure == _body || field.Name is "Read" or "Write" or "IsDefault"))
            {
                Report(field.Line, $"field {field.Name} has the name of a member that every message has; choose another");
            }

            if (structure == _body && _structures.Any(s => s.Name == field.Name))
            {
                Report(
                    field.Line,
                    $"field {field.Name} of the message has the name of a structure, which C# does not allow; rename the structure"
                );
            }

            CheckField(field);
        }

        CheckTags(structure);
        if (structure != _body && structure.Name == _body.Name)
        {
            Report(structure.Line, $"structure {structure.Name} has the name of the message");
        }
    }

    private void CheckField(FieldSchema field)
    {
        if (field.Scalar is null)
        {
            field.Structure ??= _structures.FirstOrDefault(s => s.Name == field.TypeName);
            if (field.Structure is null)
            {
                Report(field.Line, $"structure {field.TypeName} of field {field.Name} is declared nowhere in this file");
                return;
            }
        }

        field.Versions = field.Versions.Intersect(_head.Versions);
        field.Nullable = field.Nullable.Intersect(field.Versions);
        field.Tagged = field.Tagged.Intersect(field.Versions);
        if (field.Versions.IsEmpty)
        {
            Report(field.Line, $"field {field.Name} is in none of the message's versions {_head.Lowest}-{_head.Highest}");
        }

        if (field.IsNullable && !field.CanBeNull)
        {
            Report(field.Line, $"field {field.Name} cannot be null: {field.TypeName} has no way to say so on the wire");
        }

        if (!field.Tagged.IsEmpty && !_head.FlexibleVersions.Covers(field.Tagged))
        {
            Report(
                field.Line,
                $"field {field.Name} is tagged in versions that are not flexible; give it versions, or 'tagged {_head.FirstFlexible}+'"
            );
        }

        CheckDefault(field);
    }

    private void CheckDefault(FieldSchema field)
    {
        if (field.Default is null)
        {
            return;
        }

        if (field.Default == "null")
        {
            if (!field.IsNullable)
            {
                Report(field.Line, $"field {field.Name} cannot have default null: it is nullable in no version");
            }
        }
        else if (field.IsArray || field.Scalar is null || field.Scalar.Literal(field.Default) is null)
        {
            Report(field.Line, $"default '{field.Default}' is no value of type {(field.IsArray ? "[]" : "")}{field.TypeName}");
        }
    }

    private void CheckTags(StructureSchema structure)
    {
        List<FieldSchema> tagged = structure.Fields.Where(f => !f.Tagged.IsEmpty).ToList();
        for (int i = 0; i < tagged.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (tagged[i].Tag == tagged[j].Tag && !tagged[i].Tagged.Intersect(tagged[j].Tagged).IsEmpty)
                {
                    Report(tagged[i].Line, $"fields {tagged[j].Name} and {tagged[i].Name} have the same tag {tagged[i].Tag}");
                }
            }
        }
    }

    private static void MarkCompared(StructureSchema structure)
    {
        if (structure.IsCompared)
        {
            return;
        }

        structure.IsCompared = true;
        foreach (FieldSchema field in structure.Fields.Where(f => f is { IsArray: false, Structure: not null }))
        {
            MarkCompared(field.Structure!);
        }
    }

    private void RejectCycles(StructureSchema structure, List<StructureSchema> above)
    {
        if (above.Contains(structure))
        {
            Report(structure.Line, $"structure {structure.Name} contains itself, so a frame could nest without end");
            return;
        }

        above.Add(structure);
        foreach (FieldSchema field in structure.Fields.Where(f => f.Structure is not null))
        {
            RejectCycles(field.Structure!, above);
        }

        above.RemoveAt(above.Count - 1);
    }

    private void Report(int line, string message) => _errors.Add(new SchemaError(line, message));
}
